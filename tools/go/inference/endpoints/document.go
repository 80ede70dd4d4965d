// Package endpoints is the handler of Caddy that knows the online endpoints: it checks keys, chooses a deployment, mirrors
// requests, and describes each request in its span and in the access log. Caddy's own proxy does the rest.
package endpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// published is the file of the endpoints in force; proposed is the one that is to replace it.
	published = "endpoints.json"
	proposed  = "endpoints.json.new"

	allTraffic       = 100
	maximumMirrored  = 50
	maximumTimeoutMs = 3_600_000
)

// document is what a file says.
type document struct {
	Endpoints []endpointEntry `json:"endpoints"`
}

type endpointEntry struct {
	Name        string            `json:"name"`
	KeyHashes   []string          `json:"keyHashes"`
	Auth        string            `json:"auth"`
	Deployments []deploymentEntry `json:"deployments"`
}

type deploymentEntry struct {
	Name          string   `json:"name"`
	Upstreams     []string `json:"upstreams"`
	Weight        int      `json:"weight"`
	Mirror        int      `json:"mirror"`
	TimeoutMs     int64    `json:"timeoutMilliseconds"`
	MaxConcurrent int      `json:"maxConcurrent"`
	ScoringPath   string   `json:"scoringPath"`
}

// readDocument reads a file; there is none before the first endpoint.
func readDocument(folder, name string) (document, error) {
	var found document
	content, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) && name == published {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("reading endpoints: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&found); err != nil {
		return found, fmt.Errorf("reading endpoints from '%s': %w", name, err)
	}
	return found, found.check()
}

// check finds everything that is wrong.
func (found document) check() error {
	var problems []error
	seen := map[string]bool{}
	for _, one := range found.Endpoints {
		if one.Name == "" || seen[one.Name] {
			problems = append(problems, fmt.Errorf("endpoint '%s': the name is empty or occurs twice", one.Name))
		}
		seen[one.Name] = true
		for _, problem := range one.problems() {
			problems = append(problems, fmt.Errorf("endpoint '%s': %w", one.Name, problem))
		}
	}
	return errors.Join(problems...)
}

func (one endpointEntry) problems() []error {
	var problems []error
	if one.Auth != "key" && one.Auth != "none" {
		problems = append(problems, fmt.Errorf("auth is '%s'; allowed: key, none", one.Auth))
	}
	for number, hash := range one.KeyHashes {
		if decoded, err := hex.DecodeString(hash); err != nil || len(decoded) != sha256.Size {
			problems = append(problems, fmt.Errorf("keyHashes[%d] is not a SHA-256 in hexadecimal", number))
		}
	}
	weights, mirrored := 0, 0
	for _, deployment := range one.Deployments {
		weights, mirrored = weights+deployment.Weight, mirrored+deployment.Mirror
		problems = append(problems, deployment.problems()...)
	}
	if weights != 0 && weights != allTraffic {
		problems = append(problems, fmt.Errorf("the weights add up to %d; allowed: 0 or %d", weights, allTraffic))
	}
	if mirrored > maximumMirrored {
		problems = append(problems, fmt.Errorf("%d %% of the traffic is mirrored; allowed: %d", mirrored, maximumMirrored))
	}
	return problems
}

func (one deploymentEntry) problems() []error {
	var problems []error
	refuse := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, fmt.Errorf("deployment '%s': %s", one.Name, text))
		}
	}
	refuse(one.Name == "", "the name is empty")
	refuse(one.Weight < 0 || one.Weight > allTraffic, "the weight is not between 0 and 100")
	refuse(one.Mirror < 0, "the mirrored percentage is negative")
	refuse(one.TimeoutMs < 1 || one.TimeoutMs > maximumTimeoutMs, "the timeout is not between 1 ms and an hour")
	refuse(one.MaxConcurrent < 0, "the number of concurrent requests is negative")
	refuse(one.ScoringPath == "" || one.ScoringPath[0] != '/', "the scoring path does not begin with '/'")
	return problems
}

// accept puts the proposed file in the place of the published one, durably.
func accept(folder string) error {
	file, err := os.Open(filepath.Join(folder, proposed))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Join(folder, published)); err != nil {
		return err
	}
	parent, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}
