import numpy as np


def normalise(rows, out):
    rows -= rows.mean(axis=0)
    out["std"] = rows.std()
    return rows.round(3), rows > 0, rows.sum()
