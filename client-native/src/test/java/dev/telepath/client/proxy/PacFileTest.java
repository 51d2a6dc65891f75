package dev.telepath.client.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.network.ClusterNetwork;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PacFileTest {
    private static final String PROXY = "127.0.0.1:1080";

    private static ClusterNetwork network(String domain, String... networks) {
        return new ClusterNetwork(List.of(networks), List.of(), domain, Optional.empty());
    }

    @Test
    void theClustersNamesAndNetworksAreInIt() {
        var network = new ClusterNetwork(
                List.of("10.96.0.0/12", "fd00:1:0:0:0:0:0:0/108"),
                List.of("10.244.0.0/24", "10.244.1.128/25"),
                "Cluster.Local.",
                Optional.empty());

        String script = PacFile.script(network, List.of("web", "Queue", "web"), PROXY);

        assertThat(script)
                .contains(
                        "var proxy = \"PROXY 127.0.0.1:1080\";",
                        "var suffixes = [\".svc\", \".cluster.local\"];",
                        "var names = [\"queue\", \"web\"];",
                        "var networks = [[\"10.96.0.0\", \"255.240.0.0\"], [\"10.244.0.0\", \"255.255.255.0\"],"
                                + " [\"10.244.1.128\", \"255.255.255.128\"]];",
                        "var networks6 = [\"fd00:1:0:0:0:0:0:0/108\"];",
                        "function FindProxyForURL(url, host) {");
    }

    @Test
    void withoutAClusterOnlyServiceNamesAndShortNamesGoToTheProxy() {
        assertThat(PacFile.script(ClusterNetwork.UNKNOWN, List.of(), PROXY))
                .contains("var suffixes = [\".svc\"];", "var names = [];", "var networks = [];", "var networks6 = [];");
    }

    @Test
    void whatAManagerTellsCannotBecomeScriptOrTakeAwayLocalhost() {
        String script = PacFile.script(
                network("x\"];evil()//", "10.0.0.0/8\"];evil()//", "evil()/8"),
                List.of("localhost", "\"];evil()//", "web.shop", "a\nb", ""),
                PROXY);

        assertThat(script)
                .doesNotContain("evil")
                .contains("var suffixes = [\".svc\"];", "var names = [];", "var networks = [];");
    }

    @Test
    void theWidestAndTheNarrowestNetworkHaveTheirMasks() {
        assertThat(PacFile.script(network("", "0.0.0.0/0", "10.1.2.3/32"), List.of(), PROXY))
                .contains("[[\"0.0.0.0\", \"0.0.0.0\"], [\"10.1.2.3\", \"255.255.255.255\"]]");
    }
}
