"""Models leave the house: nets as ONNX graphs, weights as safetensors."""
