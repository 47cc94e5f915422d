"""What runs in the training process alone; scikit-learn is loaded here and nowhere else."""
