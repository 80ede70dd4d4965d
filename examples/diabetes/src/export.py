"""Write the table that comes with scikit-learn: ten features of a patient, and the progress of the disease."""

import sys

import numpy as np
from sklearn.datasets import load_diabetes

features, progress = load_diabetes(return_X_y=True, scaled=False)
np.savetxt(sys.argv[1], np.column_stack([features, progress]), delimiter=",", fmt="%g")
