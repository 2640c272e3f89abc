assert depth(15000) == 15000
