package dev.telepath.manager.kubernetes.injection;

import java.util.Optional;

/**
 * What every injected agent is given.
 *
 * @param image empty: nothing is injected
 * @param pullPolicy as Kubernetes spells it
 * @param manager {@code host:port} as agents reach it
 * @param caFingerprint SHA-256 of the manager's CA, 64 hexadecimal digits
 * @param firstPort an agent listens here and on the next free ports, 1024 to 60000
 * @param user that the agent runs as where the pod names none
 * @param resources what an agent asks for and may use
 * @param redirect whether redirect rules may be set by an init container
 * @param tokenSecret Secret with the agent's token; empty for the token of the pod's service account
 * @param mountPolicies how volumes are lent where the pod does not say otherwise
 * @param api whether agents serve clients that come straight to them, where the pod does not say otherwise
 */
public record InjectionSettings(
        Optional<String> image,
        String pullPolicy,
        String manager,
        String caFingerprint,
        int firstPort,
        long user,
        Resources resources,
        boolean redirect,
        Optional<String> tokenSecret,
        MountPolicies mountPolicies,
        boolean api) {

    /** Kubernetes quantities. */
    public record Resources(String cpu, String memory, Optional<String> mostCpu, Optional<String> mostMemory) {}
}
