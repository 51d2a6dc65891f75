package dev.telepath.manager.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
final class BuildVersion implements IVersionProvider {
    private static final String RESOURCE = "/telepath-manager-version.properties";

    BuildVersion() {}

    @Override
    public String[] getVersion() throws IOException {
        var properties = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream(RESOURCE)) {
            if (in != null) {
                properties.load(in);
            }
        }
        return new String[] {"telepath-manager " + properties.getProperty("version", "unknown")};
    }
}
