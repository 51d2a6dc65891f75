package dev.telepath.agent;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Which version this is, as the build wrote it. */
@RegisterForReflection
final class AgentVersion implements IVersionProvider {
    static String text() {
        var properties = new Properties();
        try (InputStream in = AgentVersion.class.getResourceAsStream("/telepath-agent.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version", "0.0.0");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"telepath-agent " + text()};
    }
}
