"""The materials as their owners keep them: staged, checked, planned, published, taken back."""
