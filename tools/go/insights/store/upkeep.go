package store

import (
	"log/slog"
	"time"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

const (
	mergeEvery     = 2 * time.Second
	retentionEvery = time.Minute
)

// upkeep merges small files and deletes old ones, in the background.
func (store *Store) upkeep() {
	merges, retention := time.NewTicker(mergeEvery), time.NewTicker(retentionEvery)
	defer merges.Stop()
	defer retention.Stop()
	store.expire(time.Now())
	stuck := map[string]bool{}
	for {
		var err error
		select {
		case <-store.context.Done():
			return
		case now := <-merges.C:
			err = store.mergeAll(now, stuck)
		case now := <-retention.C:
			store.expire(now)
			err = store.counters.save()
		}
		if err != nil && store.context.Err() == nil {
			slog.Warn("files could not be merged or counted; another attempt follows", "error", err)
		}
	}
}

// expire deletes files of which every row is older than the retention, and the oldest ones above the size limit.
func (store *Store) expire(now time.Time) {
	store.tidying.Lock()
	defer store.tidying.Unlock()
	limit := now.AddDate(0, 0, -store.settings.RetentionInDays)
	for _, table := range schema.Tables {
		for _, file := range store.set.List(table) {
			if file.Newest().Before(limit) {
				store.set.Delete(table, []*files.File{file})
			}
		}
	}
	maximum := int64(store.settings.MaximumGigabytes * 1e9)
	for store.bytes() > maximum {
		table, file := store.oldest()
		if err := store.counters.drop(store.settings.Folder, table, file); err != nil {
			// Without space even this fails, and only a deletion makes space.
			slog.Warn("the number of dropped rows could not be saved", "error", err)
		}
		slog.Warn("the size limit is exceeded: the oldest rows are deleted before their retention has ended",
			"table", table, "rows", file.Rows, "newest", file.Newest())
		store.set.Delete(table, []*files.File{file})
	}
}

func (store *Store) bytes() (total int64) {
	for _, table := range schema.Tables {
		total += store.set.Summary(table).Bytes
	}
	return total
}

func (store *Store) oldest() (found schema.Table, oldest *files.File) {
	for _, table := range schema.Tables {
		for _, file := range store.set.List(table) {
			if oldest == nil || file.Newest().Before(oldest.Newest()) {
				found, oldest = table, file
			}
		}
	}
	return found, oldest
}
