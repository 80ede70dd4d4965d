"""The storage account over S3 and its administrative API."""
