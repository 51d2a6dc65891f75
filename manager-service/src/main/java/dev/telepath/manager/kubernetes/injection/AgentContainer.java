package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ContainerPortBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds the agent's containers and volumes. Pure. */
final class AgentContainer {
    /** Name of the agent's container. */
    static final String NAME = "telepath-agent";
    /** Name of the container that sets redirect rules. */
    static final String INIT_NAME = "telepath-init";

    static final String TOKEN_DIRECTORY = "/var/run/telepath";
    static final String AUDIENCE = "telepath";
    private static final String TOKEN_VOLUME = "telepath-token";
    private static final String SCRATCH_VOLUME = "telepath-scratch";
    private static final long TOKEN_LIFE_SECONDS = 3600;

    private final InjectionSettings settings;

    AgentContainer(InjectionSettings settings) {
        this.settings = settings;
    }

    /**
     * A port that the agent takes.
     *
     * @param listen where the agent listens for it
     * @param onward where what nobody engages goes to
     */
    record Listening(PortPlan.Taken taken, int listen, int onward) {}

    /** A rule of the pod's network: what comes in for one port goes to another. */
    record Rule(int from, int to, String protocol) {
        String argument() {
            return from + "=" + to + "/" + protocol.toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Ports of the agent's own, free in the pod.
     *
     * @param api for clients that come straight to the agent; empty = it serves none
     */
    record OwnPorts(int health, Optional<Integer> api) {}

    /**
     * @param app the container that environment and volumes are lent of
     */
    Container agent(
            Pod pod, Target target, Container app, Volumes lent, List<Listening> ports, OwnPorts own, String image) {
        int healthPort = own.health();
        List<VolumeMount> mounts = new ArrayList<>(lent.mounts());
        mounts.add(new VolumeMountBuilder()
                .withName(TOKEN_VOLUME)
                .withMountPath(TOKEN_DIRECTORY)
                .withReadOnly(true)
                .build());
        mounts.add(new VolumeMountBuilder()
                .withName(SCRATCH_VOLUME)
                .withMountPath("/tmp")
                .build());
        return new ContainerBuilder()
                .withName(NAME)
                .withImage(image)
                .withImagePullPolicy(settings.pullPolicy())
                .withArgs(arguments(target, lent, ports, own))
                .withEnv(environment(pod, app, own))
                .withEnvFrom(EnvCopies.sources(app))
                .withPorts(containerPorts(app, ports, healthPort))
                .withResources(resources())
                .withVolumeMounts(mounts)
                .withNewStartupProbe()
                .withNewHttpGet()
                .withPath("/q/health/ready")
                .withPort(new IntOrString(healthPort))
                .endHttpGet()
                .withPeriodSeconds(1)
                .withFailureThreshold(120)
                .endStartupProbe()
                .withNewReadinessProbe()
                .withNewHttpGet()
                .withPath("/q/health/ready")
                .withPort(new IntOrString(healthPort))
                .endHttpGet()
                .withPeriodSeconds(10)
                .endReadinessProbe()
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .withNewSecurityContext()
                .withRunAsUser(user(pod, app))
                .withRunAsGroup(group(app))
                .withRunAsNonRoot(true)
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop("ALL")
                .endCapabilities()
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .build();
    }

    /** What the workload's files are readable for, unless that is root. */
    private long user(Pod pod, Container app) {
        Long own = app.getSecurityContext() == null
                ? null
                : app.getSecurityContext().getRunAsUser();
        if (own == null && pod.getSpec().getSecurityContext() != null) {
            own = pod.getSpec().getSecurityContext().getRunAsUser();
        }
        return own == null || own == 0 ? settings.user() : own;
    }

    /** That of the pod holds without a word; a container may have one of its own, which what is written should be of. */
    private static @Nullable Long group(Container app) {
        return app.getSecurityContext() == null
                ? null
                : app.getSecurityContext().getRunAsGroup();
    }

    private List<String> arguments(Target target, Volumes lent, List<Listening> ports, OwnPorts own) {
        var arguments = new ArrayList<>(List.of(
                "--manager",
                settings.manager(),
                "--token-file",
                TOKEN_DIRECTORY + "/token",
                "--ca-fingerprint",
                settings.caFingerprint(),
                "--name",
                target.name(),
                "--namespace",
                target.namespace(),
                "--kind",
                target.kind(),
                "--http-host",
                "0.0.0.0",
                "--http-port",
                String.valueOf(own.health()),
                "--env-copies",
                EnvCopies.PREFIX));
        own.api().ifPresent(port -> arguments.addAll(List.of("--api-port", String.valueOf(port))));
        for (Listening port : ports) {
            arguments.add("--port");
            arguments.add(port.taken().port() + "@" + port.listen() + "=127.0.0.1:"
                    + port.onward() + "/" + port.taken().protocol().toLowerCase(Locale.ROOT)
                    + (port.taken().name().isEmpty() ? "" : ":" + port.taken().name()));
        }
        for (VolumeMount mount : lent.mounts()) {
            arguments.add(Boolean.TRUE.equals(mount.getReadOnly()) ? "--share" : "--share-writable");
            arguments.add(plain(mount.getMountPath()));
        }
        for (String path : lent.local()) {
            arguments.add("--share-local");
            arguments.add(plain(path));
        }
        return arguments;
    }

    /** $(X) in an argument is a variable to Kubernetes. */
    private static String plain(String path) {
        return path.replace("$(", "$$(");
    }

    private static List<EnvVar> environment(Pod pod, Container app, OwnPorts own) {
        var variables = new ArrayList<EnvVar>(EnvCopies.variables(app));
        if (own.api().isPresent()) {
            // A port-forward comes by loopback, so that the API server has judged who it is; other pods do not get
            // there.
            variables.add(new EnvVar("TELEPATH_AGENT_API_HOST", "127.0.0.1", null));
        }
        if (Wish.opensFiles(pod.getMetadata())) {
            variables.add(new EnvVar("TELEPATH_AGENT_SFTP_OPEN", "true", null));
        }
        variables.add(field("TELEPATH_AGENT_POD_NAME", "metadata.name"));
        variables.add(field("TELEPATH_AGENT_POD_UID", "metadata.uid"));
        variables.add(field("TELEPATH_AGENT_ADDRESS", "status.podIP"));
        return variables;
    }

    private static EnvVar field(String name, String path) {
        return new EnvVarBuilder()
                .withName(name)
                .withNewValueFrom()
                .withNewFieldRef()
                .withFieldPath(path)
                .endFieldRef()
                .endValueFrom()
                .build();
    }

    private static List<ContainerPort> containerPorts(Container app, List<Listening> ports, int healthPort) {
        var own = new ArrayList<ContainerPort>();
        for (Listening port : ports) {
            var one = new ContainerPortBuilder()
                    .withContainerPort(port.listen())
                    .withProtocol(port.taken().protocol());
            if (port.taken().way() == PortPlan.Way.SWAP) {
                one.withName(port.taken().name());
            } else if (port.taken().way() == PortPlan.Way.OWN) {
                Takeover.declared(app, port.taken()).map(ContainerPort::getName).ifPresent(one::withName);
            }
            own.add(one.build());
        }
        own.add(new ContainerPortBuilder()
                .withName("tp-health")
                .withContainerPort(healthPort)
                .withProtocol("TCP")
                .build());
        return own;
    }

    private ResourceRequirements resources() {
        InjectionSettings.Resources wanted = settings.resources();
        var resources = new ResourceRequirementsBuilder()
                .addToRequests("cpu", new Quantity(wanted.cpu()))
                .addToRequests("memory", new Quantity(wanted.memory()));
        wanted.mostCpu().ifPresent(most -> resources.addToLimits("cpu", new Quantity(most)));
        wanted.mostMemory().ifPresent(most -> resources.addToLimits("memory", new Quantity(most)));
        return resources.build();
    }

    /** Sets the rules before anything else runs in the pod. Root with NET_ADMIN and nothing else. */
    Container init(List<Rule> rules, String image) {
        var arguments = new ArrayList<String>();
        arguments.add("redirect");
        rules.forEach(rule -> arguments.add(rule.argument()));
        return new ContainerBuilder()
                .withName(INIT_NAME)
                .withImage(image)
                .withImagePullPolicy(settings.pullPolicy())
                .withArgs(arguments)
                .withResources(resources())
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .addNewVolumeMount()
                .withName(SCRATCH_VOLUME)
                .withMountPath("/tmp")
                .endVolumeMount()
                .withNewSecurityContext()
                .withRunAsUser(0L)
                .withRunAsNonRoot(false)
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withAdd("NET_ADMIN")
                .withDrop("ALL")
                .endCapabilities()
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .build();
    }

    List<Volume> volumes() {
        var token = new VolumeBuilder().withName(TOKEN_VOLUME);
        if (settings.tokenSecret().isPresent()) {
            token.withNewSecret().withSecretName(settings.tokenSecret().get()).endSecret();
        } else {
            token.withNewProjected()
                    .addNewSource()
                    .withNewServiceAccountToken()
                    .withAudience(AUDIENCE)
                    .withExpirationSeconds(TOKEN_LIFE_SECONDS)
                    .withPath("token")
                    .endServiceAccountToken()
                    .endSource()
                    .endProjected();
        }
        Volume scratch = new VolumeBuilder()
                .withName(SCRATCH_VOLUME)
                .withNewEmptyDir()
                .withSizeLimit(new Quantity("16Mi"))
                .endEmptyDir()
                .build();
        return List.of(token.build(), scratch);
    }
}
