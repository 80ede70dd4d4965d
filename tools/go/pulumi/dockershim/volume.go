package shim

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// removingAtOnce replaces how upstream removes a volume: it waits two seconds before it tries, and five before it tries
// again. A workspace's volumes are removed side by side, so that its `destroy` would be two seconds longer.
func removingAtOnce(resource *schema.Resource) {
	resource.DeleteContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		return diag.FromErr(removeVolume(ctx, data, meta))
	}
}

func removeVolume(ctx context.Context, data *schema.ResourceData, meta any) error {
	engine, err := connect(ctx, data, meta)
	if err != nil {
		return err
	}
	return removeWhenFree(ctx, data, "volume", "volume is in use", func(ctx context.Context, name string) error {
		return engine.VolumeRemove(ctx, name, true)
	})
}
