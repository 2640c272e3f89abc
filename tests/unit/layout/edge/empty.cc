// Nothing: only the edges between modules matter here.
