"""A lesson: one page in which a window slides, and whose numbers students change."""

from edgecli.pages.lesson.writing import LARGEST, write_lesson

__all__ = ["LARGEST", "write_lesson"]
