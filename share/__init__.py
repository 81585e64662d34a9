"""What is installed beside the package: manual pages, and completions for shells."""
