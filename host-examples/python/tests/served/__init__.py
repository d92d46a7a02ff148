"""The site of the example as real servers load it. The tests make requests before the workers are forked."""
