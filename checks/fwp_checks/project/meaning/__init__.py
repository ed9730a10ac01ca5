"""What terms mean: values, calls, attributes, classes; what libraries and Python make of them."""
