package dev.telepath.client.session;

/**
 * Which manager to attach to, and as whom.
 *
 * @param namespace of the workloads
 * @param clientName user@host, as others see it
 */
public record Target(Way way, String namespace, String clientName) {
    /** The manager, as users see it. */
    public String address() {
        return way.name();
    }
}
