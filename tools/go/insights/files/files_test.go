package files_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// content is enough of a Parquet file to be found complete.
const content = "PAR1----PAR1"

func open(t *testing.T, folder string) *files.Set {
	t.Helper()
	set, err := files.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func temporary(t *testing.T, set *files.Set) string {
	t.Helper()
	path := filepath.Join(set.Temporary(), "unfinished.parquet")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func publish(t *testing.T, set *files.Set, hour int) {
	t.Helper()
	from := noon.Add(time.Duration(hour) * time.Hour)
	meta := files.Meta{From: from, To: from.Add(time.Minute), Partition: files.Partition(from, noon), Rows: 10}
	if err := set.Publish(schema.Spans, temporary(t, set), meta); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, set *files.Set, sources []*files.File) {
	t.Helper()
	meta := files.Meta{From: sources[0].From, To: sources[len(sources)-1].To, Partition: sources[0].Partition, Rows: 20}
	if err := set.Replace(schema.Spans, sources, temporary(t, set), meta); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(folder, "spans"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestSnapshotHasTheFilesOfItsRange(t *testing.T) {
	set := open(t, t.TempDir())
	for hour := range 3 {
		publish(t, set, hour)
	}
	for _, one := range []struct {
		from, to time.Time
		expected int
	}{
		{time.Time{}, time.Time{}, 3}, {noon.Add(30 * time.Minute), time.Time{}, 2}, {time.Time{}, noon, 1},
		{noon.Add(time.Minute), noon.Add(time.Hour), 2}, {noon.Add(2 * time.Minute), noon.Add(59 * time.Minute), 0},
	} {
		snapshot := set.Snapshot(schema.Spans, one.from, one.to)
		if found := len(snapshot.Paths()); found != one.expected {
			t.Errorf("%v to %v: %d files, expected %d", one.from, one.to, found, one.expected)
		}
		snapshot.Release()
	}
}

func TestReplacedFilesStayUntilTheirReadersEnd(t *testing.T) {
	folder := t.TempDir()
	set := open(t, folder)
	publish(t, set, 0)
	publish(t, set, 0)
	reader := set.Snapshot(schema.Spans, time.Time{}, time.Time{})

	replace(t, set, set.List(schema.Spans))

	if len(reader.Paths()) != 2 || len(names(t, folder)) != 3 || len(set.List(schema.Spans)) != 1 {
		t.Fatalf("%v of %v", reader.Paths(), names(t, folder))
	}
	reader.Release()
	reader.Release()
	if found := names(t, folder); len(found) != 1 {
		t.Fatal(found)
	}
}

func TestKillAfterAMergeLeavesEachRowOnce(t *testing.T) {
	folder := t.TempDir()
	set := open(t, folder)
	for hour := range 3 {
		publish(t, set, hour)
	}
	killed := set.Snapshot(schema.Spans, time.Time{}, time.Time{}) // never released: the sources stay
	replace(t, set, set.List(schema.Spans)[:2])

	again := open(t, folder)

	if summary := again.Summary(schema.Spans); summary.Rows != 30 || summary.Files != 2 || len(names(t, folder)) != 2 {
		t.Fatal(summary, killed.Paths(), names(t, folder))
	}
	publish(t, again, 3)
	if last := again.List(schema.Spans)[2]; last.First != 4 {
		t.Fatalf("the number %d is used again", last.First)
	}
}

func TestMergeAcrossAFileThatIsNotMergedIsRefused(t *testing.T) {
	folder := t.TempDir()
	set := open(t, folder)
	for range 3 {
		publish(t, set, 0)
	}
	all := set.List(schema.Spans)

	err := set.Replace(schema.Spans, []*files.File{all[0], all[2]}, temporary(t, set), files.Meta{Partition: all[0].Partition})

	if err == nil || len(names(t, folder)) != 3 {
		t.Fatal(err, names(t, folder))
	}
}

func TestIncompleteFilesArePutAside(t *testing.T) {
	folder := t.TempDir()
	set := open(t, folder)
	publish(t, set, 0)
	publish(t, set, 1)
	if err := os.Truncate(set.List(schema.Spans)[0].Path, 6); err != nil {
		t.Fatal(err)
	}

	again := open(t, folder)

	isAside := func(name string) bool { return filepath.Ext(name) == ".damaged" }
	if again.Damaged != 1 || len(again.List(schema.Spans)) != 1 || !slices.ContainsFunc(names(t, folder), isAside) {
		t.Fatal(again.Damaged, names(t, folder))
	}
}

func TestUnfinishedFilesAreDeletedAtTheStart(t *testing.T) {
	folder := t.TempDir()
	path := temporary(t, open(t, folder))
	open(t, folder)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func TestRowsWithAWrongClockAreApart(t *testing.T) {
	for at, expected := range map[time.Time]string{
		noon: "20260301", noon.AddDate(0, 0, -6): "20260223", noon.AddDate(0, 0, -8): files.Elsewhen,
		noon.AddDate(0, 0, 2): files.Elsewhen, time.Unix(0, 0): files.Elsewhen, time.Unix(18446744073, 0): files.Elsewhen,
	} {
		if found := files.Partition(at, noon); found != expected {
			t.Errorf("%v: %s, expected %s", at, found, expected)
		}
	}
}
