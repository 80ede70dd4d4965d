package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

func open(t *testing.T, folder string, change ...func(*config.Config)) *Store {
	t.Helper()
	settings := config.Config{Folder: folder, RetentionInDays: 30, MaximumGigabytes: 1}
	for _, one := range change {
		one(&settings)
	}
	set, err := files.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	store, err := Open(settings, set)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// spans makes rows with numbered ids.
func spans(from, count int, at time.Time) (rows []otlp.Row) {
	for number := from; number < from+count; number++ {
		trace, id := fmt.Sprintf("%032x", number/4), fmt.Sprintf("%016x", number)
		values := make([]driver.Value, 42)
		for position := range values {
			values[position] = ""
		}
		values[0], values[1], values[2], values[3] = at, int64(1000), trace, id
		values[6], values[18], values[24] = uint32(1), nil, int32(443)
		values[39], values[40], values[41] = uint32(0), uint32(0), uint32(0)
		rows = append(rows, otlp.Row{Table: schema.Spans, Time: at, Key: otlp.Key(trace, id), Values: values})
	}
	return rows
}

func write(t *testing.T, store *Store, rows []otlp.Row) {
	t.Helper()
	if err := store.Write(context.Background(), rows); err != nil {
		t.Fatal(err)
	}
}

// stored counts the rows in the files and their distinct ids.
func stored(t *testing.T, store *Store) (rows, distinct int) {
	t.Helper()
	var paths []string
	for _, file := range store.set.List(schema.Spans) {
		paths = append(paths, file.Path)
	}
	query := "SELECT count(*), count(DISTINCT span_id) FROM read_parquet(" + literals(paths) + ")"
	if err := store.database.QueryRow(query).Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	return rows, distinct
}

func expect(t *testing.T, store *Store, rows int, duplicates uint64) {
	t.Helper()
	found, distinct := stored(t, store)
	status := store.Status().Tables[schema.Spans]
	if found != rows || distinct != rows || status.Rows != uint64(rows) || status.DuplicatesDropped != duplicates {
		t.Fatalf("%d rows, %d ids, %+v; expected %d rows, %d duplicates", found, distinct, status, rows, duplicates)
	}
}

func TestRowsThatAreSentAgainAreStoredOnce(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	store := open(t, folder)
	write(t, store, spans(0, 100, now))
	write(t, store, append(spans(50, 100, now), spans(140, 20, now)...))
	expect(t, store, 160, 60)
	store.Close()

	again := open(t, folder)
	defer again.Close()
	write(t, again, spans(100, 100, now))
	expect(t, again, 200, 120)
}

// logged makes the rows of a log record with an exception but without a span.
func logged(t *testing.T, message string, at time.Time) (rows []otlp.Row) {
	t.Helper()
	field := func(number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	}
	moment := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), uint64(at.UnixNano()))
	pair := append(field(1, []byte("exception.message")), field(2, field(1, []byte(message)))...)
	request := field(1, field(2, field(2, append(moment, field(6, pair)...))))
	_, err := otlp.Logs(request, func(row otlp.Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestExceptionsOfLogRecordsAreStoredOnce(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	store := open(t, folder)
	write(t, store, append(logged(t, "first", now), logged(t, "second", now)...))
	store.Close()

	again := open(t, folder)
	defer again.Close()
	write(t, again, append(logged(t, "first", now), logged(t, "first", now.Add(time.Second))...))
	for _, table := range []schema.Table{schema.Exceptions, schema.Logs} {
		if found := again.Status().Tables[table]; found.Rows != 3 || found.DuplicatesDropped != 1 {
			t.Errorf("%s: %+v", table, found)
		}
	}
}

func TestConcurrentRequestsShareFiles(t *testing.T) {
	store := open(t, t.TempDir())
	defer store.Close()
	var all sync.WaitGroup
	for number := range 20 {
		all.Go(func() { write(t, store, spans(number*10, 15, time.Now())) })
	}
	all.Wait()
	expect(t, store, 205, 95)
	if count := len(store.set.List(schema.Spans)); count > 5 {
		t.Fatalf("%d files", count)
	}
}

func TestMergesKeepEachRowOnce(t *testing.T) {
	store, now := open(t, t.TempDir()), time.Now()
	defer store.Close()
	store.tidying.Lock() // not in the background
	for number := range 2 * fan {
		write(t, store, spans(number*10, 10, now))
		store.windows[schema.Spans] = &window{rows: 1000} // what has been forgotten
		if number == fan/2 {
			write(t, store, spans(0, 10, now))
		}
	}

	store.tidying.Unlock()
	if err := store.mergeAll(now.Add(time.Hour), map[string]bool{}); err != nil {
		t.Fatal(err)
	}

	expect(t, store, 2*fan*10, 10)
	if found := store.set.List(schema.Spans); len(found) > fewest {
		t.Fatalf("%d files", len(found))
	}
}

func TestWriteThatFailsIsSafeToRepeat(t *testing.T) {
	store := open(t, t.TempDir())
	defer store.Close()
	if err := os.RemoveAll(store.set.Temporary()); err != nil {
		t.Fatal(err)
	}
	if err := store.Write(context.Background(), spans(0, 10, time.Now())); err == nil {
		t.Fatal("rows are acknowledged that cannot be written")
	}
	if err := os.Mkdir(store.set.Temporary(), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, store, spans(0, 10, time.Now()))
	expect(t, store, 10, 0)
}

func TestRetentionDeletesFilesByTheirNewestRow(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	store := open(t, folder)
	defer store.Close()
	write(t, store, append(spans(0, 10, now.AddDate(0, 0, -3)), spans(10, 10, now)...))
	store.expire(now)
	expect(t, store, 20, 0)
	store.expire(now.AddDate(0, 0, 28))
	expect(t, store, 10, 0)
	if dropped := store.Status().Tables[schema.Spans].RowsDroppedByCap; dropped != 0 {
		t.Fatal(dropped)
	}
}

func TestSizeLimitDeletesTheOldestFilesAndCountsTheirRows(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	store := open(t, folder)
	write(t, store, spans(0, 30, now.AddDate(0, 0, -1)))
	write(t, store, spans(30, 10, now))
	store.settings.MaximumGigabytes = float64(store.bytes()-1) / 1e9
	store.expire(now)
	expect(t, store, 10, 0)
	store.Close()

	again := open(t, folder)
	defer again.Close()
	if dropped := again.Status().Tables[schema.Spans].RowsDroppedByCap; dropped != 30 {
		t.Fatal(dropped)
	}
}

func TestKillWhileTheSizeLimitDeletesCountsOnce(t *testing.T) {
	folder := t.TempDir()
	store := open(t, folder)
	write(t, store, spans(0, 30, time.Now()))
	file := store.set.List(schema.Spans)[0]
	if err := store.counters.drop(folder, schema.Spans, file); err != nil { // killed before the deletion
		t.Fatal(err)
	}
	store.Close()

	again := open(t, folder)
	defer again.Close()
	status := again.Status().Tables[schema.Spans]
	if status.RowsDroppedByCap != 30 || status.Rows != 0 {
		t.Fatalf("%+v", status)
	}
	if _, err := os.Stat(file.Path); !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func TestDamagedCountersStartAtZero(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "counters.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := open(t, folder)
	defer store.Close()
	write(t, store, spans(0, 10, time.Now()))
	expect(t, store, 10, 0)
}

func TestRowsOfAnySizeFitIntoTheMemoryOfACommit(t *testing.T) {
	store := open(t, t.TempDir())
	defer store.Close()
	random := rand.New(rand.NewPCG(1, 2))
	text := incompressible(random, 1<<20)
	expected := 0
	for _, size := range []int{100, 5_000, 200_000} { // of each of three columns
		var all sync.WaitGroup
		for range 4 {
			rows := spans(expected, min(2000, 6_000_000/size), time.Now())
			expected += len(rows)
			for _, row := range rows {
				for column := 35; column < 38; column++ {
					begin := random.IntN(len(text) - size)
					row.Values[column] = text[begin : begin+size]
				}
			}
			all.Go(func() { write(t, store, rows) })
		}
		all.Wait()
	}
	expect(t, store, expected, 0)
}

func incompressible(random *rand.Rand, size int) string {
	text := make([]byte, size)
	for position := range text {
		text[position] = ' ' + byte(random.UintN(90))
	}
	return string(text)
}
