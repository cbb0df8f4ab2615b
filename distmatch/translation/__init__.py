"""Translation: word by word through a lexicon, with or without a model of the target language."""
