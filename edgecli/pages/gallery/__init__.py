"""A gallery: one ``index.html`` that shows a batch's images, edge maps, facts and failures."""

from edgecli.pages.gallery.writing import check_gallery, write_gallery

__all__ = ["check_gallery", "write_gallery"]
