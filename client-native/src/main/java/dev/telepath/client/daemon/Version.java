package dev.telepath.client.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The version of this program, as the build wrote it. */
public final class Version {
    private Version() {}

    /** E.g. {@code 0.1.0}. */
    public static String current() {
        try (InputStream in = Version.class.getResourceAsStream("/telepath-version.properties")) {
            var properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
