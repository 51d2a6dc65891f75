package dev.telepath.client.platform;

/** Tells an executable from a program that a JVM runs. */
public final class Executable {
    private Executable() {}

    /** Whether this program is one; GraalVM sets the property in those alone. */
    public static boolean isThis() {
        return "runtime".equals(System.getProperty("org.graalvm.nativeimage.imagecode"));
    }
}
