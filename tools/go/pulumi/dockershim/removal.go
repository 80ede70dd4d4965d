package shim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/client"
	"github.com/docker/docker/errdefs"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

const (
	// removalTimeout is upstream's: how long an object may stay in use after its removal was requested.
	removalTimeout = 30 * time.Second
	removalPause   = 50 * time.Millisecond
)

// removeWhenFree removes an object of the engine as soon as it is not in use; that it does not exist is no error. inUse is
// part of the engine's error message while the object is in use.
func removeWhenFree(
	ctx context.Context, data *schema.ResourceData, what, inUse string, remove func(context.Context, string) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	for {
		err := remove(ctx, data.Id())
		if err == nil || errdefs.IsNotFound(err) {
			data.SetId("")
			return nil
		}
		if !strings.Contains(err.Error(), inUse) {
			return fmt.Errorf("unable to remove %s '%s': %w", what, data.Id(), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("unable to remove %s '%s' within %v: %w", what, data.Id(), removalTimeout, err)
		case <-time.After(removalPause):
		}
	}
}

func connect(ctx context.Context, data *schema.ResourceData, meta any) (*client.Client, error) {
	engine, err := meta.(*provider.ProviderConfig).MakeClient(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("failed to create Docker client: %w", err)
	}
	return engine, nil
}
