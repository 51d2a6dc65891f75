package dev.telepath.client.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValuesTest {
    private static Values of(String... sets) {
        return Values.of(Chart.own(), Values.given(List.of(), List.of(sets), List.of()));
    }

    @Test
    void theDefaultsAreTheChartsAndAreValid() {
        Values values = of();
        assertThat(values.text("image.name")).isEqualTo("telepath-manager");
        assertThat(values.at("apiPort").asInt()).isEqualTo(8443);
        assertThat(values.given()).isEmpty();
    }

    @Test
    void laterSourcesGoBeforeEarlierOnesAndAllBeforeTheDefaults() {
        Values values = Values.of(
                Chart.own(),
                Values.given(
                        List.of(
                                Yaml.object("a", "image: {tag: a, registry: r}\nlogLevel: debug"),
                                Yaml.object("b", "image: {tag: b}")),
                        List.of("logLevel=trace"),
                        List.of("image.tag=7")));
        assertThat(values.text("image.tag")).isEqualTo("7");
        assertThat(values.text("image.registry")).isEqualTo("r");
        assertThat(values.text("image.name")).isEqualTo("telepath-manager");
        assertThat(values.text("logLevel")).isEqualTo("trace");
    }

    @Test
    void nullTakesADefaultAway() {
        assertThat(of("podSecurityContext.fsGroup=null")
                        .at("podSecurityContext")
                        .has("fsGroup"))
                .isFalse();
        assertThat(of().at("podSecurityContext").has("fsGroup")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "imgae.tag=1 | there is no value imgae; did you mean image?",
                "image.tga=1 | there is no value image.tga; did you mean image.tag?",
                "agentInjector.webhok.timeoutSeconds=3 | did you mean agentInjector.webhook?",
                "agent.port=80 | agent.port is 80 and has to be at least 1024",
                "image.tag=2 | image.tag is 2 and has to be string (--set-string",
                "replicaCount=2 | replicaCount is 2 and has to be at most 1",
                "logLevel=loud | one of error, warn, info",
                "legacy.enabled=yes | legacy.enabled is \"yes\" and has to be boolean",
                "namespaces={a,A} | namespaces[1] is \"A\", which does not match",
                "namespaces={a,a} | namespaces has \"a\" twice",
                "clientRbac.subjects[0].kind=User | clientRbac.subjects[0] lacks name",
                "namespaces={a},namespaceSelector.matchLabels.b=c | exclude one another",
                "certificates.method=certmanager | issuerRef.name is needed"
            })
    void whatIsWrongIsNamedWithWhatWouldBeRight(String set, String told) {
        assertThatThrownBy(() -> of(set))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.USAGE))
                .hasMessageContaining(told);
    }

    @Test
    void aBrokenFileIsToldWithItsLine() {
        assertThatThrownBy(() -> Yaml.object("values.yaml", "a: 1\nb: [\n"))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("values.yaml is no YAML, line");
        assertThatThrownBy(() -> Yaml.object("values.yaml", "- a"))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("no names with values");
        assertThat(Yaml.object("values.yaml", "# nothing\n")).isEmpty();
    }

    @Test
    void textsThatLookLikeSomethingElseAreQuoted() {
        String yaml = Yaml.text(Tree.map("a", "8443", "b", "yes", "c", "1e3", "d", "plain text", "e", "x: y", "f", ""));
        assertThat(yaml).isEqualTo("a: \"8443\"\nb: \"yes\"\nc: \"1e3\"\nd: plain text\ne: \"x: y\"\nf: \"\"\n");
    }
}
