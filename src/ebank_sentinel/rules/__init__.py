"""Reading -> Symptom's truths: conditions, compiled per probe into one mask function. Pure."""
