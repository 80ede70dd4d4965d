// Package config reads the configuration of the store.
package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Config is the content of the configuration file.
type Config struct {
	// Listen is the address of the HTTP server.
	Listen string `json:"listen"`
	// Folder is where everything is stored.
	Folder string `json:"folder"`
	// Tokens is the file with a line "TOKEN OWNER RIGHT" for each token.
	Tokens string `json:"tokens"`
	// TLS switches the server to HTTPS.
	TLS *TLS `json:"tls,omitempty"`
	// RetentionInDays is the age at which files are deleted.
	RetentionInDays int `json:"retentionInDays"`
	// MaximumGigabytes is the size above which the oldest files are deleted.
	MaximumGigabytes float64 `json:"maximumGigabytes"`
	// AvailabilityTests are the addresses that are requested every minute.
	AvailabilityTests []AvailabilityTest `json:"availabilityTests,omitempty"`
}

// TLS has the files of the server's certificate.
type TLS struct {
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey"`
}

// AvailabilityTest is one address that is requested every minute.
type AvailabilityTest struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Expected lists the status codes of an available service.
	Expected []int `json:"expected"`
	// CertificateAuthority is the file with the authority that signed the service's certificate.
	CertificateAuthority string `json:"certificateAuthority,omitempty"`
}

// Load reads and validates a configuration file.
func Load(path string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	config := Config{Listen: "0.0.0.0:4320", RetentionInDays: 90, MaximumGigabytes: 10}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("reading the configuration %q: %w", path, err)
	}
	if err := config.validate(); err != nil {
		return Config{}, fmt.Errorf("reading the configuration %q: %w", path, err)
	}
	return config, nil
}

func (config Config) validate() error {
	switch {
	case config.Folder == "":
		return fmt.Errorf("'folder' is missing")
	case config.Tokens == "":
		return fmt.Errorf("'tokens' is missing")
	case config.RetentionInDays < 1:
		return fmt.Errorf("'retentionInDays' is %d, expected 1 or more", config.RetentionInDays)
	case config.MaximumGigabytes <= 0:
		return fmt.Errorf("'maximumGigabytes' is %v, expected more than 0", config.MaximumGigabytes)
	case config.TLS != nil && (config.TLS.Certificate == "" || config.TLS.PrivateKey == ""):
		return fmt.Errorf("'tls' needs 'certificate' and 'privateKey'")
	}
	return nil
}
