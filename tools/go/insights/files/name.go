package files

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	suffix     = ".parquet"
	timeFormat = "20060102T150405.000000"
	dayFormat  = "20060102"
)

// Elsewhen is the partition of rows whose time is far from the time at which they were received.
const Elsewhen = "elsewhen"

// Meta is what the name of a file says about its content.
//
// A name is FROM-TO_PARTITION_FIRST-LAST_ROWS.parquet. First and Last are the sequence numbers of the commits in it. A file
// whose numbers are within those of another file of its partition has been merged into that one.
type Meta struct {
	// From and To are the times of the oldest and the newest row.
	From, To time.Time
	// Partition is the day of all rows, or Elsewhen. Only files of one partition are merged.
	Partition string
	// First and Last number the commits whose rows are in the file.
	First, Last uint64
	// Rows is the number of rows.
	Rows uint64
}

// Partition returns the partition of a row by its own time and the time of its receipt.
func Partition(at, received time.Time) string {
	if at.Before(received.AddDate(0, 0, -7)) || at.After(received.AddDate(0, 0, 1)) {
		return Elsewhen
	}
	return at.UTC().Format(dayFormat)
}

func (meta Meta) name() string {
	return fmt.Sprintf("%s-%s_%s_%012d-%012d_%d%s", meta.From.UTC().Format(timeFormat), meta.To.UTC().Format(timeFormat),
		meta.Partition, meta.First, meta.Last, meta.Rows, suffix)
}

func parse(name string) (meta Meta, err error) {
	fields := strings.Split(strings.TrimSuffix(name, suffix), "_")
	if len(fields) != 4 || !strings.HasSuffix(name, suffix) {
		return meta, fmt.Errorf("the file name %q is not FROM-TO_PARTITION_FIRST-LAST_ROWS%s", name, suffix)
	}
	from, to, _ := strings.Cut(fields[0], "-")
	first, last, _ := strings.Cut(fields[2], "-")
	meta.Partition = fields[1]
	if meta.From, err = time.Parse(timeFormat, from); err != nil {
		return meta, err
	}
	if meta.To, err = time.Parse(timeFormat, to); err != nil {
		return meta, err
	}
	if meta.First, err = strconv.ParseUint(first, 10, 64); err != nil {
		return meta, err
	}
	if meta.Last, err = strconv.ParseUint(last, 10, 64); err != nil {
		return meta, err
	}
	meta.Rows, err = strconv.ParseUint(fields[3], 10, 64)
	return meta, err
}

func (meta Meta) contains(other Meta) bool {
	return meta.Partition == other.Partition && meta.First <= other.First && other.Last <= meta.Last
}
