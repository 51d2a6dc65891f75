package dev.telepath.client.dns;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Settings for tests. */
final class TestSettings {
    private TestSettings() {}

    /** The defaults with some set, in pairs of key and value. */
    static Settings of(String... pairs) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        for (int i = 0; i < pairs.length; i += 2) {
            flags.put(Setting.of(pairs[i]).orElseThrow(), pairs[i + 1]);
        }
        return Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", "/nowhere"), Optional.empty());
    }
}
