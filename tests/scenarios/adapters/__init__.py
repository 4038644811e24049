"""One adapter per module: which rule of the product answers which operation of a scenario."""
