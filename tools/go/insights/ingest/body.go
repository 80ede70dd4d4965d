package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
)

const (
	// MaximumBody limits a request, as sent and decompressed.
	MaximumBody = 64 << 20
	// inMemory is what is read of a request into memory; a longer one goes to a file, whose pages the kernel can reclaim.
	inMemory = 1 << 20
)

var (
	errTooLarge = fmt.Errorf("the request is larger than %d MiB", MaximumBody>>20)
	errEncoding = errors.New("the content encoding is neither 'gzip' nor 'identity'")
	errGzip     = errors.New("the request is not valid gzip")
	errStorage  = errors.New("the request could not be buffered on disk")
)

// readBody returns the decompressed body of a request, and a function that frees it.
func readBody(writer http.ResponseWriter, request *http.Request, temporary string) ([]byte, func(), error) {
	raw := http.MaxBytesReader(writer, request.Body, MaximumBody)
	switch request.Header.Get("Content-Encoding") {
	case "", "identity":
		return buffer(raw, temporary)
	case "gzip":
		unpacked, err := gzip.NewReader(raw)
		if err != nil {
			return nil, nil, reading(err)
		}
		return buffer(unpacked, temporary)
	default:
		return nil, nil, errEncoding
	}
}

func buffer(from io.Reader, temporary string) ([]byte, func(), error) {
	var memory bytes.Buffer
	if _, err := io.Copy(&memory, io.LimitReader(from, inMemory)); err != nil {
		return nil, nil, reading(err)
	}
	if memory.Len() < inMemory {
		return memory.Bytes(), func() {}, nil
	}
	return spool(&memory, from, temporary)
}

// spool moves a body into a file without a name and maps that into memory.
func spool(begin, rest io.Reader, temporary string) ([]byte, func(), error) {
	file, err := os.CreateTemp(temporary, "request-")
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	length, err := io.Copy(file, io.MultiReader(begin, io.LimitReader(rest, MaximumBody)))
	var onDisk *os.PathError
	switch {
	case errors.As(err, &onDisk):
		return nil, nil, fmt.Errorf("%w: %w", errStorage, err)
	case err != nil:
		return nil, nil, reading(err)
	case length > MaximumBody:
		return nil, nil, errTooLarge
	}
	mapped, err := syscall.Mmap(int(file.Fd()), 0, int(length), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	return mapped, func() { _ = syscall.Munmap(mapped) }, nil
}

// reading names what is wrong with a body.
func reading(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", errGzip, err)
	default:
		return fmt.Errorf("reading the request: %w", err)
	}
}
