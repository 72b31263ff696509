"""Evaluation: question sets, metrics as the official code computes them, baselines, answers, and the report."""
