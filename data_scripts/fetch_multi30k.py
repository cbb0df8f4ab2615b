"""Multi30k, task 1: image captions in English, German and French, line by line."""

import sys

from fetching import File, main, under

HOME = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
LICENCE = "Creative Commons BY-NC-SA 4.0 for the translations, Flickr's terms for the images"
FILES = [File(path, HOME + path.rpartition("/")[2]) for path in under("multi30k/")]

if __name__ == "__main__":
    sys.exit(main("Multi30k captions (Elliott et al. 2016, 2017).", LICENCE, FILES))
