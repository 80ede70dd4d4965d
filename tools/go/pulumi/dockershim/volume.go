package shim

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// removingAtOnce replaces upstream's removal of a volume, which waits two seconds before the first attempt and five before
// the next. A workspace's volumes are removed in parallel, so its `destroy` would take two seconds longer.
func removingAtOnce(resource *schema.Resource) {
	resource.DeleteContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		return diag.FromErr(removeVolume(ctx, data, meta))
	}
}

// refusingOthers rejects a volume that belongs to someone else. Asked to create a volume whose name is taken, the engine
// returns the existing one, and upstream uses it: two users who create the same names at the same moment would overwrite
// each other's files and, in the end, remove each other's data. The labels of a volume tell whose it is.
func refusingOthers(resource *schema.Resource) {
	create := resource.CreateContext
	resource.CreateContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		wanted := data.Get("labels").(*schema.Set)
		problems := create(ctx, data, meta)
		if problems.HasError() || wanted.Difference(data.Get("labels").(*schema.Set)).Len() == 0 {
			return problems
		}
		name := data.Id()
		data.SetId("")
		return diag.Errorf("creating volume '%s': it exists with other labels, so it belongs to someone else and was "+
			"not changed. Remove it yourself, or choose another name.", name)
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
