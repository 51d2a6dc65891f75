package dev.telepath.manager.kubernetes.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.telepath.manager.workload.Replacement;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TakeoverTest {
    private static final Replacement ANY = new Replacement("", "");

    private final Injector injector = new Injector(Pods.settings());

    private Verdict decide(Pod pod, String podSecurity, Replacement wanted) {
        return injector.decide(pod, Pods.WEB, Pods.services(), podSecurity, true, Optional.of(wanted));
    }

    private Pod replaced(Pod pod, Replacement wanted) {
        return ((Verdict.Inject) decide(pod, "", wanted)).pod();
    }

    @Test
    void theContainerOfTheFirstServiceGoesAndTheOtherOnesStayAsTheyAre() {
        Pod pod = replaced(Pods.web(), ANY);
        assertThat(pod.getSpec().getContainers())
                .extracting(Container::getName)
                .containsExactly("proxy", "telepath-agent");
        assertThat(Pods.container(pod, "proxy")).isEqualTo(Pods.container(Pods.web(), "proxy"));
        assertThat(pod.getMetadata().getAnnotations()).containsEntry("telepath.dev/replaced", "app");
        assertThat(Injector.replaces(pod)).isTrue();
        assertThat(Injector.replaces(Pods.web())).isFalse();
    }

    @Test
    void theAgentHasTheContainersPortsThemselvesThoseWithoutServiceToo() {
        Container agent = Pods.container(replaced(Pods.web(), ANY), "telepath-agent");
        assertThat(agent.getPorts())
                .extracting(ContainerPort::getName, ContainerPort::getContainerPort, ContainerPort::getProtocol)
                .containsExactly(
                        tuple("http", 8080, "TCP"),
                        tuple("dns", 5353, "UDP"),
                        tuple("admin", 9900, "TCP"),
                        tuple("tp-health", 9904, "TCP"));
    }

    @Test
    void whatNobodyEngagesGoesWhereNobodyListens() {
        Pod pod = replaced(Pods.web(), ANY);
        Container agent = Pods.container(pod, "telepath-agent");
        assertThat(agent.getArgs())
                .contains("8080@8080=127.0.0.1:9901/tcp:http", "5353@5353=127.0.0.1:9902/udp:dns")
                .contains("9900@9900=127.0.0.1:9903/tcp:admin");
        assertThat(pod.getSpec().getContainers().stream()
                        .flatMap(one -> one.getPorts().stream())
                        .map(ContainerPort::getContainerPort))
                .doesNotContain(9901, 9902, 9903);
    }

    @Test
    void aNumericPortNeedsNoPrivilegeSoARestrictedNamespaceMayHaveIt() {
        Pod pod = ((Verdict.Inject)
                        decide(Pods.web("numbers", Map.of("telepath.dev/inject", "enabled")), "restricted", ANY))
                .pod();
        assertThat(pod.getSpec().getInitContainers()).isEmpty();
        assertThat(Pods.container(pod, "telepath-agent").getPorts())
                .extracting(ContainerPort::getContainerPort)
                .contains(8080);
    }

    @Test
    void environmentAndVolumesAreThoseOfTheContainerWithItsResourcesAsValues() {
        Pod web = new PodBuilder(Pods.web()).build();
        web.getSpec()
                .getContainers()
                .getFirst()
                .setResources(new io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder()
                        .addToLimits("cpu", new Quantity("1500m"))
                        .build());
        Container agent = Pods.container(replaced(web, ANY), "telepath-agent");
        assertThat(agent.getEnv())
                .extracting(EnvVar::getName, EnvVar::getValue)
                .contains(tuple("TELEPATH_APP_HOST", "db"), tuple("TELEPATH_APP_CPU", "2"));
        assertThat(agent.getEnv())
                .allMatch(
                        one -> one.getValueFrom() == null || one.getValueFrom().getResourceFieldRef() == null);
        assertThat(agent.getVolumeMounts())
                .extracting(VolumeMount::getMountPath)
                .contains("/etc/web", "/data");
    }

    @Test
    void resourcesThatTheContainerDoesNotSetAreLeftOutWithAWarning() {
        var verdict = (Verdict.Inject) decide(Pods.web(), "", ANY);
        assertThat(Pods.container(verdict.pod(), "telepath-agent").getEnv())
                .extracting(EnvVar::getName)
                .doesNotContain("TELEPATH_APP_CPU");
        assertThat(verdict.warnings()).anyMatch(one -> one.contains("variable CPU"));
    }

    @Test
    void theContainerIsTheNamedOneOrThatOfThePort() {
        assertThat(replaced(Pods.web(), new Replacement("proxy", ""))
                        .getMetadata()
                        .getAnnotations())
                .containsEntry("telepath.dev/replaced", "proxy");
        assertThat(replaced(Pods.web(), new Replacement("", "9091/TCP"))
                        .getMetadata()
                        .getAnnotations())
                .containsEntry("telepath.dev/replaced", "proxy");
        assertThat(replaced(Pods.web(), new Replacement("", "metrics"))
                        .getMetadata()
                        .getAnnotations())
                .containsEntry("telepath.dev/replaced", "proxy");
    }

    @Test
    void aContainerThatIsNotThereIsSaidWithThoseThatAre() {
        assertThat(((Verdict.Leave) decide(Pods.web(), "", new Replacement("apq", ""))).why())
                .contains("no container apq", "app, proxy");
    }

    @Test
    void aContainerThatAnotherAsksForByNameCannotGo() {
        Pod web = new PodBuilder(Pods.web()).build();
        web.getSpec()
                .getContainers()
                .getLast()
                .setEnv(java.util.List.of(new io.fabric8.kubernetes.api.model.EnvVarBuilder()
                        .withName("APP_CPU")
                        .withNewValueFrom()
                        .withNewResourceFieldRef()
                        .withContainerName("app")
                        .withResource("limits.cpu")
                        .endResourceFieldRef()
                        .endValueFrom()
                        .build()));
        assertThat(((Verdict.Leave) decide(web, "", ANY)).why()).contains("app cannot be taken out", "container proxy");
    }
}
