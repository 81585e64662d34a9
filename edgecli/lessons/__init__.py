"""What is shown in a lesson: the arithmetic of a window, as facts, text, figures and animations."""
