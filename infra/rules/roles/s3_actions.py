"""S3 actions, grouped by operation on blobs; roles and datastores grant them in these groups."""

from __future__ import annotations

LIST_CONTAINER = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions")
LIST_UPLOADS = ("s3:ListBucketMultipartUploads",)
READ_BLOB = (
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAttributes",
    "s3:GetObjectVersionTagging",
)
CHANGE_BLOB = ("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObjectTagging")
UPLOAD_BLOB = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
DELETE_BLOB = ("s3:DeleteObject",)
DELETE_VERSION = ("s3:DeleteObjectVersion",)
