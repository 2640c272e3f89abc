let a: = ;  // repeated
