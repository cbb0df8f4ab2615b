"""Kinds of task: how data is made or read, what a method is shown, how its answer is measured."""
