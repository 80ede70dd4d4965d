package store

import (
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

// Status is what the store tells about itself, for GET /v1/status.
type Status struct {
	Tables map[schema.Table]TableStatus `json:"tables"`
	// RetentionInDays and MaximumGigabytes are the configured limits.
	RetentionInDays  int     `json:"retentionInDays"`
	MaximumGigabytes float64 `json:"maximumGigabytes"`
	// DamagedFiles were put aside when the store started.
	DamagedFiles int `json:"damagedFiles"`
}

// TableStatus describes one table.
type TableStatus struct {
	files.Summary
	// RowsDroppedByCap counts rows that were deleted before their retention had ended, to stay below the size limit.
	RowsDroppedByCap uint64 `json:"rowsDroppedByCap"`
	// DuplicatesDropped counts rows that were received again.
	DuplicatesDropped uint64 `json:"duplicatesDropped"`
}
