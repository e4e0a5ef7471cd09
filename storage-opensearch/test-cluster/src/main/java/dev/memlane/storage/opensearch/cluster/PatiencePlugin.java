package dev.memlane.storage.opensearch.cluster;

import java.util.Collection;
import java.util.List;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Setting.Property;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.index.IndexService;
import org.opensearch.index.shard.IndexSettingProvider;
import org.opensearch.plugins.Plugin;

/**
 * Makes a test cluster release removed documents within a second; the default is half a minute. OpenSearch defines the
 * settings for this interval, but does not register them. This plug-in registers and sets them.
 */
public final class PatiencePlugin extends Plugin {

  /** Of a node: how often copies agree on what they no longer need. The cluster's own default applies without it. */
  static final String AGREE_EVERY = "test.agree_every";

  private static final Setting<TimeValue> EVERY = Setting.timeSetting(AGREE_EVERY, TimeValue.MINUS_ONE,
      Property.NodeScope);

  private final TimeValue every;

  /** @param settings of the node */
  public PatiencePlugin(Settings settings) {
    this.every = EVERY.get(settings);
  }

  @Override
  public List<Setting<?>> getSettings() {
    return List.of(EVERY, IndexService.RETENTION_LEASE_SYNC_INTERVAL_SETTING,
        IndexService.GLOBAL_CHECKPOINT_SYNC_INTERVAL_SETTING);
  }

  @Override
  public Collection<IndexSettingProvider> getAdditionalIndexSettingProviders() {
    if (every.millis() < 0) {
      return List.of();
    }
    return List.of(new IndexSettingProvider() {
      @Override
      public Settings getAdditionalIndexSettings(String index, boolean stream, Settings asked) {
        return Settings.builder().put(IndexService.RETENTION_LEASE_SYNC_INTERVAL_SETTING.getKey(), every)
            .put(IndexService.GLOBAL_CHECKPOINT_SYNC_INTERVAL_SETTING.getKey(), every).build();
      }
    });
  }
}
