package dev.telepath.agent.settings;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;

/** Settings of agents under test: the real mapping over given values, with waits made short. */
public final class TestSettings {
    private TestSettings() {}

    /**
     * @param manager {@code http://host:port}
     * @param more keys without their prefix, and values
     */
    public static AgentSettings of(String manager, String ports, Map<String, String> more) {
        var values = new HashMap<String, String>(Map.of(
                "manager", manager,
                "name", "web",
                "ports", ports,
                "host", "127.0.0.1",
                "log-lines", "0",
                "drain", "0s",
                "threads", "2"));
        values.putAll(Map.of(
                "reconnect-first", "20ms",
                "reconnect-most", "100ms",
                "reconnect-stable", "0s",
                "remain-interval", "200ms",
                "report-interval", "100ms",
                "call-timeout", "2s"));
        values.putAll(more);
        var properties = new HashMap<String, String>();
        values.forEach((key, value) -> properties.put(Setting.PREFIX + key, value));
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .withSources(new PropertiesConfigSource(properties, "test", 100))
                .withMapping(AgentSettings.class)
                .build()
                .getConfigMapping(AgentSettings.class);
    }
}
