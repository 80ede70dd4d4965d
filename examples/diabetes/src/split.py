"""Split a table into rows to train with and rows to test with."""

import argparse

import numpy as np
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--table", required=True)
parser.add_argument("--test-share", type=float, required=True)
parser.add_argument("--train", required=True)
parser.add_argument("--test", required=True)
arguments = parser.parse_args()

table = np.loadtxt(arguments.table, delimiter=",")
train, test = train_test_split(table, test_size=arguments.test_share, random_state=0)
np.savetxt(arguments.train, train, delimiter=",", fmt="%g")
np.savetxt(arguments.test, test, delimiter=",", fmt="%g")
print(f"{len(train)} rows to train with, {len(test)} to test with")
