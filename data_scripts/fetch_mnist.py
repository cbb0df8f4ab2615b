"""MNIST, 70,000 digits of 28 x 28 (LeCun et al. 1998), as one .npz."""

import sys

from fetching import File, main

# The same arrays; the archive of the local copy was packed anew, so its bytes differ.
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
LICENCE = "CC BY-SA 3.0"
FILES = [File("images/mnist.npz", URL, pinned=False)]

if __name__ == "__main__":
    sys.exit(main("MNIST digits.", LICENCE, FILES))
