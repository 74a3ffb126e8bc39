"""Steps for other people's pipelines: datatrove, Hugging Face datasets. Each needs its own library."""
