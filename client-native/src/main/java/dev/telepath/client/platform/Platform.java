package dev.telepath.client.platform;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.Locale;

/** The operating systems that are told apart. */
public enum Platform {
    LINUX,
    MACOS,
    OTHER;

    /** This machine's. */
    public static Platform current() {
        return of(System.getProperty("os.name", ""));
    }

    /** What to say where the whole machine is to have a device and nobody knows how. */
    public static Failure noDevice() {
        return new Failure(
                Kind.USAGE,
                "a device for the whole machine is made on Linux and (experimental) on macOS only",
                "tp connect --network proxy");
    }

    /**
     * @param name as the Java runtime has it
     */
    static Platform of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.equals("linux")) {
            return LINUX;
        }
        return lower.startsWith("mac") || lower.equals("darwin") ? MACOS : OTHER;
    }
}
