package dev.telepath.manager.kubernetes.injection;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InjectorTest {
    private final Injector injector = new Injector(Pods.settings());

    private Verdict decide(Pod pod) {
        return injector.decide(pod, Pods.WEB, Pods.services(), "", false, Optional.empty());
    }

    private Verdict.Inject injected(Pod pod) {
        return (Verdict.Inject) decide(pod);
    }

    private String left(Pod pod) {
        return ((Verdict.Leave) decide(pod)).why();
    }

    @Test
    void theAgentTakesTheNamesThatServicesUseAndListensOnFreePorts() {
        Container agent = Pods.container(injected(Pods.web()).pod(), "telepath-agent");
        assertThat(agent.getPorts())
                .extracting(ContainerPort::getName, ContainerPort::getContainerPort, ContainerPort::getProtocol)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("http", 9901, "TCP"),
                        org.assertj.core.groups.Tuple.tuple("dns", 9902, "UDP"),
                        org.assertj.core.groups.Tuple.tuple("metrics", 9903, "TCP"),
                        org.assertj.core.groups.Tuple.tuple("tp-health", 9904, "TCP"));
        assertThat(agent.getArgs())
                .containsSequence("--port", "8080@9901=127.0.0.1:8080/tcp:http")
                .containsSequence("--port", "5353@9902=127.0.0.1:5353/udp:dns")
                .containsSequence("--port", "9091@9903=127.0.0.1:9091/tcp:metrics")
                .containsSequence("--name", "web")
                .containsSequence("--namespace", "shop")
                .containsSequence("--manager", "telepath-manager.telepath:8443")
                .containsSequence("--ca-fingerprint", "ab".repeat(32));
    }

    @Test
    void theWorkloadsPortsGetOtherNamesThatStayUniqueInThePod() {
        Pod pod = injected(Pods.web()).pod();
        assertThat(Pods.container(pod, "app").getPorts())
                .extracting(ContainerPort::getName)
                .containsExactly("tp-http", "tp-dns", "admin");
        assertThat(Pods.container(pod, "proxy").getPorts())
                .extracting(ContainerPort::getName)
                .containsExactly("tp-metrics");
        assertThat(pod.getSpec().getContainers().stream()
                        .flatMap(one -> one.getPorts().stream())
                        .map(ContainerPort::getName))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.length() <= 15);
    }

    @Test
    void probesAndHooksThatNameAPortStillReachTheWorkload() {
        Container app = Pods.container(injected(Pods.web()).pod(), "app");
        assertThat(app.getLivenessProbe().getHttpGet().getPort().getIntVal()).isEqualTo(8080);
        assertThat(app.getReadinessProbe().getTcpSocket().getPort().getIntVal()).isEqualTo(8080);
        assertThat(app.getLifecycle().getPreStop().getHttpGet().getPort().getIntVal())
                .isEqualTo(8080);
        assertThat(app.getStartupProbe().getHttpGet().getPort().getStrVal()).isEqualTo("admin");
    }

    @Test
    void anAgentThatAHookWaitsForHasNoProbeThatHoldsItsPodBack() {
        var hooked = new Injector(
                Pods.settings(true, InjectionSettings.StartCheck.HOOK, Optional.empty(), MountPolicies.NONE));
        Pod pod = ((Verdict.Inject) hooked.decide(Pods.web(), Pods.WEB, Pods.services(), "", false, Optional.empty()))
                .pod();
        Container agent = Pods.container(pod, "telepath-agent");
        assertThat(agent.getLifecycle().getPostStart().getExec().getCommand())
                .containsExactly("/telepath", "await", "9904");
        assertThat(agent.getStartupProbe()).isNull();
        assertThat(agent.getReadinessProbe()).isNull();
        assertThat(agent.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/q/health/live");
    }

    @Test
    void anAgentOfAnyImageIsAskedByProbes() {
        Container agent = Pods.container(injected(Pods.web()).pod(), "telepath-agent");
        assertThat(agent.getLifecycle()).isNull();
        assertThat(agent.getStartupProbe().getHttpGet().getPort().getIntVal()).isEqualTo(9904);
        assertThat(agent.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/q/health/ready");
    }

    @Test
    void aPodWhosePortsAreNamedNeedsNoPrivilege() {
        Pod pod = injected(Pods.web()).pod();
        assertThat(pod.getSpec().getInitContainers()).isEmpty();
        var security = Pods.container(pod, "telepath-agent").getSecurityContext();
        assertThat(security.getAllowPrivilegeEscalation()).isFalse();
        assertThat(security.getRunAsNonRoot()).isTrue();
        assertThat(security.getReadOnlyRootFilesystem()).isTrue();
        assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(security.getCapabilities().getAdd()).isEmpty();
        assertThat(security.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    }

    @Test
    void theAgentRunsAsTheWorkloadsUserButNeverAsRoot() {
        assertThat(Pods.container(injected(Pods.web()).pod(), "telepath-agent")
                        .getSecurityContext()
                        .getRunAsUser())
                .isEqualTo(10001);
        Pod root = new PodBuilder(Pods.web())
                .editSpec()
                .editSecurityContext()
                .withRunAsUser(0L)
                .endSecurityContext()
                .endSpec()
                .build();
        assertThat(Pods.container(injected(root).pod(), "telepath-agent")
                        .getSecurityContext()
                        .getRunAsUser())
                .isEqualTo(65532);
    }

    @Test
    void theWorkloadsEnvironmentIsCopiedUnderAPrefixThatReferencesFollow() {
        Container agent = Pods.container(injected(Pods.web()).pod(), "telepath-agent");
        assertThat(agent.getEnv())
                .filteredOn(one -> one.getValue() != null)
                .extracting(EnvVar::getName, EnvVar::getValue)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("TELEPATH_APP_HOST", "db"),
                        org.assertj.core.groups.Tuple.tuple(
                                "TELEPATH_APP_URL", "http://$(TELEPATH_APP_HOST)/$$(HOST)/$(DB_SERVICE_HOST)"));
        EnvVar cpu = agent.getEnv().stream()
                .filter(one -> one.getName().equals("TELEPATH_APP_CPU"))
                .findFirst()
                .orElseThrow();
        assertThat(cpu.getValueFrom().getResourceFieldRef().getContainerName()).isEqualTo("app");
        assertThat(agent.getEnv())
                .extracting(EnvVar::getName)
                .contains("TELEPATH_APP_SECRET", "TELEPATH_AGENT_POD_UID");
        assertThat(agent.getEnvFrom()).extracting("prefix").containsExactly("TELEPATH_APP_", "TELEPATH_APP_X_");
        assertThat(agent.getArgs()).containsSequence("--env-copies", "TELEPATH_APP_");
    }

    @Test
    void volumesAreLentReadOnlyUnlessTheyAreTheNodesOrHideTheAgent() {
        Verdict.Inject verdict = injected(Pods.web());
        Container agent = Pods.container(verdict.pod(), "telepath-agent");
        assertThat(agent.getVolumeMounts())
                .filteredOn(
                        one -> one.getName().equals("config") || one.getName().equals("data"))
                .extracting(VolumeMount::getMountPath, VolumeMount::getSubPath, VolumeMount::getReadOnly)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("/etc/web", null, true),
                        org.assertj.core.groups.Tuple.tuple("/data", "web", true));
        assertThat(agent.getArgs()).containsSequence("--share", "/etc/web").containsSequence("--share", "/data");
        assertThat(verdict.warnings()).anyMatch(one -> one.contains("/host")).anyMatch(one -> one.contains("/lib"));
    }

    @ParameterizedTest
    @CsvSource({
        "telepath.dev/ignore-volume-mounts,config",
        "telepresence.io/inject-ignore-volume-mounts,'config,data'",
        "telepresence.getambassador.io/inject-ignore-volume-mounts,enabled"
    })
    void anAnnotationKeepsVolumesFromBeingLent(String annotation, String value) {
        Pod pod = Pods.web("web", Map.of("telepath.dev/inject", "enabled", annotation, value));
        assertThat(Pods.container(injected(pod).pod(), "telepath-agent").getVolumeMounts())
                .extracting(VolumeMount::getName)
                .doesNotContain("config");
    }

    private static Pod withPolicies(String annotation, String value) {
        Pod pod = Pods.web("web", Map.of("telepath.dev/inject", "enabled", annotation, value));
        return new PodBuilder(pod)
                .editSpec()
                .addNewVolume()
                .withName("scratch")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .addNewVolume()
                .withName("temporary")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .editFirstContainer()
                .addNewVolumeMount()
                .withName("scratch")
                .withMountPath("/var/scratch")
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("scratch")
                .withMountPath("/var/looked-at")
                .withReadOnly(true)
                .endVolumeMount()
                .addNewVolumeMount()
                .withName("temporary")
                .withMountPath("/tmp")
                .endVolumeMount()
                .endContainer()
                .endSpec()
                .build();
    }

    private static Map<String, Boolean> readOnly(Pod pod) {
        return Pods.container(pod, "telepath-agent").getVolumeMounts().stream()
                .filter(one -> !one.getName().startsWith("telepath-"))
                .collect(java.util.stream.Collectors.toMap(VolumeMount::getMountPath, VolumeMount::getReadOnly));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "telepath.dev/mount-policies|data=Remote, /var=Remote, config=Remote",
                "telepath.dev/mount-policies|{\"/\": \"Remote\"}",
                "telepresence.io/mount-policies|{\"data\":\"Remote\",\"/var\":\"Remote\",\"/etc\":\"Remote\"}",
            })
    void aPolicyLetsClientsWriteWhereTheContainerMayAndNeverToConfigMaps(String annotation, String value) {
        Pod pod = injected(withPolicies(annotation, value)).pod();
        assertThat(readOnly(pod))
                .containsOnly(
                        Map.entry("/etc/web", true),
                        Map.entry("/data", false),
                        Map.entry("/var/scratch", false),
                        Map.entry("/var/looked-at", true));
        assertThat(Pods.container(pod, "telepath-agent").getArgs())
                .containsSequence("--share", "/etc/web")
                .containsSequence("--share-writable", "/data")
                .containsSequence("--share-writable", "/var/scratch")
                .containsSequence("--share", "/var/looked-at")
                .containsSequence("--share-local", "/tmp");
    }

    @Test
    void aVolumeIsIgnoredOrLeftToTheClientAndTheNearestPolicyDecides() {
        Pod pod = injected(
                        withPolicies("telepath.dev/mount-policies", "/=Ignore,/var/scratch=Local,data=remotereadonly"))
                .pod();
        assertThat(readOnly(pod)).containsOnly(Map.entry("/data", true));
        assertThat(Pods.container(pod, "telepath-agent").getArgs())
                .containsSequence("--share-local", "/var/scratch")
                .doesNotContain("/tmp", "/etc/web");
    }

    @Test
    void theInstallationsPoliciesHoldWhereThePodSaysNothing() {
        var writing = new Injector(Pods.settings(
                true, Optional.empty(), MountPolicies.parse("{\"data\":\"Remote\",\"scratch\":\"Remote\"}")));
        Pod pod = withPolicies("telepath.dev/mount-policies", "/data=Ignore");
        var verdict = (Verdict.Inject) writing.decide(pod, Pods.WEB, Pods.services(), "", false, Optional.empty());
        assertThat(readOnly(verdict.pod()))
                .containsOnly(
                        Map.entry("/etc/web", true),
                        Map.entry("/var/scratch", false),
                        Map.entry("/var/looked-at", true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"data=Write", "data", "{\"data\"", "=Remote"})
    void aPolicyThatIsNoneCostsAWarningAndOpensNothing(String value) {
        Verdict.Inject verdict = injected(withPolicies("telepath.dev/mount-policies", value));
        assertThat(verdict.warnings()).anyMatch(one -> one.contains("mount-policies is not followed"));
        assertThat(readOnly(verdict.pod()).values()).containsOnly(true);
    }

    @Test
    void theAgentWritesAsUserAndGroupOfTheContainer() {
        Pod pod = new PodBuilder(Pods.web())
                .editSpec()
                .editFirstContainer()
                .withNewSecurityContext()
                .withRunAsUser(1001L)
                .withRunAsGroup(1002L)
                .endSecurityContext()
                .endContainer()
                .endSpec()
                .build();
        var agent = Pods.container(injected(pod).pod(), "telepath-agent").getSecurityContext();
        assertThat(agent.getRunAsUser()).isEqualTo(1001);
        assertThat(agent.getRunAsGroup()).isEqualTo(1002);
    }

    @Test
    void filesAreOpenToClientsWithoutTokenOnlyWhereAnAnnotationSaysSo() {
        assertThat(Pods.container(injected(Pods.web()).pod(), "telepath-agent").getEnv())
                .noneMatch(variable -> variable.getName().equals("TELEPATH_AGENT_SFTP_OPEN"));
        Pod open = Pods.web("web", Map.of("telepath.dev/inject", "enabled", "telepath.dev/sftp-open", "true"));
        assertThat(Pods.container(injected(open).pod(), "telepath-agent").getEnv())
                .anyMatch(variable -> variable.getName().equals("TELEPATH_AGENT_SFTP_OPEN")
                        && variable.getValue().equals("true"));
    }

    @Test
    void anAgentServesWhoComesStraightOnlyWhereAnAnnotationSaysSoAndOnLoopbackAlone() {
        assertThat(Pods.container(injected(Pods.web()).pod(), "telepath-agent").getArgs())
                .doesNotContain("--api-port");
        Pod wanted = Pods.web("web", Map.of("telepath.dev/inject", "enabled", "telepath.dev/agent-api", "true"));
        Container agent = Pods.container(injected(wanted).pod(), "telepath-agent");
        assertThat(agent.getArgs()).containsSequence("--http-port", "9904").containsSequence("--api-port", "9905");
        assertThat(agent.getEnv())
                .anyMatch(variable -> variable.getName().equals("TELEPATH_AGENT_API_HOST")
                        && variable.getValue().equals("127.0.0.1"));
        assertThat(agent.getPorts()).extracting(ContainerPort::getContainerPort).doesNotContain(9905);
    }

    @Test
    void theTokenIsTheServiceAccountsForTelepathAlone() {
        Pod pod = injected(Pods.web()).pod();
        Volume token = pod.getSpec().getVolumes().stream()
                .filter(one -> one.getName().equals("telepath-token"))
                .findFirst()
                .orElseThrow();
        var projected = token.getProjected().getSources().getFirst().getServiceAccountToken();
        assertThat(projected.getAudience()).isEqualTo("telepath");
        assertThat(projected.getPath()).isEqualTo("token");
        assertThat(Pods.container(pod, "telepath-agent").getArgs())
                .containsSequence("--token-file", "/var/run/telepath/token");
    }

    @Test
    void aSecretMayHoldTheTokenInstead() {
        var other = new Injector(Pods.settings(true, Optional.of("join")));
        var verdict = (Verdict.Inject) other.decide(Pods.web(), Pods.WEB, Pods.services(), "", false, Optional.empty());
        assertThat(verdict.pod().getSpec().getVolumes())
                .anyMatch(one ->
                        one.getSecret() != null && "join".equals(one.getSecret().getSecretName()));
    }

    @Test
    void whatHasAnAgentStaysAsItIs() {
        Pod once = injected(Pods.web()).pod();
        assertThat(left(once)).isEqualTo("it has an agent");
    }

    @Test
    void thePodGivenIsNotChangedAndTheAnswerIsTheSameEachTime() {
        Pod pod = Pods.web();
        Verdict first = decide(pod);
        assertThat(pod).isEqualTo(Pods.web());
        assertThat(decide(pod)).isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "telepath.dev/inject",
                "telepresence.io/inject-traffic-agent",
                "telepresence.getambassador.io/inject-traffic-agent"
            })
    void annotationsSwitchInjectionOnAndOff(String annotation) {
        assertThat(decide(Pods.web("web", Map.of(annotation, "enabled")))).isInstanceOf(Verdict.Inject.class);
        Pod disabled = Pods.web("web", Map.of(annotation, "disabled"));
        assertThat(injector.decide(disabled, Pods.WEB, Pods.services(), "", true, Optional.empty()))
                .isInstanceOf(Verdict.Leave.class);
    }

    @Test
    void withoutAnnotationThePodGetsAnAgentOnlyOnDemand() {
        Pod pod = Pods.web("web", Map.of());
        assertThat(left(pod)).isEqualTo("nobody asked for an agent");
        assertThat(injector.decide(pod, Pods.WEB, Pods.services(), "", true, Optional.empty()))
                .isInstanceOf(Verdict.Inject.class);
    }

    @Test
    void annotationsChooseServicesAndPorts() {
        Map<String, String> annotations =
                Map.of("telepath.dev/inject", "enabled", "telepresence.io/inject-service-ports", "80,dns");
        Container agent = Pods.container(injected(Pods.web("web", annotations)).pod(), "telepath-agent");
        assertThat(agent.getPorts()).extracting(ContainerPort::getName).containsExactly("http", "dns", "tp-health");
        assertThat(left(Pods.web(
                        "web", Map.of("telepath.dev/inject", "enabled", "telepath.dev/service-name", "another"))))
                .contains("no Service leads to it");
    }

    @Test
    void aPortThatIsAskedForAndIsNotThereIsWarnedOf() {
        Map<String, String> annotations =
                Map.of("telepath.dev/inject", "enabled", "telepath.dev/service-ports", "80,4711");
        assertThat(injected(Pods.web("web", annotations)).warnings()).anyMatch(one -> one.contains("4711"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"numbers", "headless"})
    void aNumberThatCallersKnowIsRedirectedAndProbesGoAround(String app) {
        Pod pod = injected(Pods.web(app, Map.of("telepath.dev/inject", "enabled")))
                .pod();
        Container init = pod.getSpec().getInitContainers().getFirst();
        assertThat(init.getName()).isEqualTo("telepath-init");
        int probe = Pods.container(pod, "app")
                .getLivenessProbe()
                .getHttpGet()
                .getPort()
                .getIntVal();
        assertThat(init.getArgs()).containsExactly("redirect", probe + "=8080/tcp", "8080=9901/tcp");
        assertThat(Pods.container(pod, "app")
                        .getReadinessProbe()
                        .getTcpSocket()
                        .getPort()
                        .getIntVal())
                .isEqualTo(probe);
        assertThat(init.getSecurityContext().getCapabilities().getAdd()).containsExactly("NET_ADMIN");
        assertThat(Pods.container(pod, "app").getPorts())
                .extracting(ContainerPort::getName)
                .contains("http");
        assertThat(Pods.container(pod, "telepath-agent").getPorts().getFirst().getName())
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({"restricted", "baseline"})
    void whereNoRedirectIsAllowedThePodStaysAsItIsWithTheReasonAndTheRemedy(String level) {
        Pod pod = Pods.web("numbers", Map.of("telepath.dev/inject", "enabled"));
        var verdict = (Verdict.Leave) injector.decide(pod, Pods.WEB, Pods.services(), level, false, Optional.empty());
        assertThat(verdict.why()).contains("port 8080/TCP", level, "name the port in the container");
        var without = new Injector(Pods.settings(false, Optional.empty()));
        assertThat(((Verdict.Leave) without.decide(pod, Pods.WEB, Pods.services(), "", false, Optional.empty())).why())
                .contains("telepath.manager.agents.redirect");
    }

    @Test
    void aNamedPortIsTakenEvenInARestrictedNamespace() {
        assertThat(injector.decide(Pods.web(), Pods.WEB, Pods.services(), "restricted", false, Optional.empty()))
                .isInstanceOf(Verdict.Inject.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"telepath.dev/container-ports", "telepresence.io/inject-container-ports"})
    void portsOfContainersAreTakenWithoutAService(String annotation) {
        Pod pod = injected(Pods.web("none", Map.of("telepath.dev/inject", "enabled", annotation, "admin,7000/udp")))
                .pod();
        assertThat(Pods.container(pod, "telepath-agent").getArgs())
                .containsSequence("--port", "9900@9901=127.0.0.1:9900/tcp:admin")
                .containsSequence("--port", "7000@9902=127.0.0.1:7000/udp");
        assertThat(pod.getSpec().getInitContainers().getFirst().getArgs()).contains("9900=9901/tcp", "7000=9902/udp");
    }

    @Test
    void aPodOnItsNodesNetworkIsLeft() {
        Pod pod = new PodBuilder(Pods.web())
                .editSpec()
                .withHostNetwork(true)
                .endSpec()
                .build();
        assertThat(left(pod)).contains("hostNetwork");
    }

    @Test
    void ownersAreFoundByReferenceAndHash() {
        assertThat(Owners.of(Pods.web(), "shop")).contains(Pods.WEB);
        Pod bare = new PodBuilder(Pods.web())
                .editMetadata()
                .withOwnerReferences(List.of())
                .endMetadata()
                .build();
        assertThat(Owners.of(bare, "shop")).isEmpty();
        Pod alone = new PodBuilder(Pods.web())
                .editMetadata()
                .removeFromLabels("pod-template-hash")
                .endMetadata()
                .build();
        assertThat(Owners.of(alone, "shop")).contains(new Target("shop", "ReplicaSet", "web-5d9c"));
        Pod rollout = new PodBuilder(alone)
                .editMetadata()
                .addToLabels("rollouts-pod-template-hash", "5d9c")
                .endMetadata()
                .build();
        assertThat(Owners.of(rollout, "shop")).contains(new Target("shop", "Rollout", "web"));
    }
}
