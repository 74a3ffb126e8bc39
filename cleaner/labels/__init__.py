"""Labels that people give: kept where they cannot be lost, read from every format that people use."""
