package dev.telepath.manager.kubernetes.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManagedNamespacesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "team=web | true",
                "team==web | true",
                "team=other | false",
                "team!=web | false",
                "team!=other | true",
                "team | true",
                "!team | false",
                "!absent | true",
                "team=web,env!=prod,!frozen | true",
                "team=web,env=prod | false",
                "team in (web, shop) | true",
                "team in (shop),team | false",
                "team notin (shop,tools),!env | true",
                "team notin(web) | false"
            })
    void aSelectorMatchesAsKubectlWouldMatchIt(String text, boolean matches) {
        var managed = new ManagedNamespaces.Selected(ManagedNamespaces.parse(text));
        assertThat(managed.include("shop", Map.of("team", "web"))).isEqualTo(matches);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "=x", "a b", "a=b,,", "!", "a in b", "a in ()", "a in (b", "a within (b)"})
    void whatIsNoSelectorIsRefused(String text) {
        assertThatThrownBy(() -> ManagedNamespaces.parse(text)).hasMessageContaining("is no label selector");
    }

    @Test
    void allButTheClustersOwnOrThoseListed() {
        assertThat(new ManagedNamespaces.All().include("shop", Map.of())).isTrue();
        assertThat(new ManagedNamespaces.All().include("kube-system", Map.of())).isFalse();
        var listed = new ManagedNamespaces.Listed(Set.of("a", "b"));
        assertThat(listed.include("a", Map.of())).isTrue();
        assertThat(listed.include("c", Map.of())).isFalse();
    }
}
