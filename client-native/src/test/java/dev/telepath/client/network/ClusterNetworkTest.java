package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.ClusterInfo;
import dev.telepath.protocol.telepresence.manager.DNS;
import dev.telepath.protocol.telepresence.manager.IPNet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ClusterNetworkTest {
    private static ByteString bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return ByteString.copyFrom(bytes);
    }

    private static IPNet net(ByteString address, int prefix) {
        return IPNet.newBuilder().setIp(address).setMask(prefix).build();
    }

    @Test
    void allServiceNetworksOfANewManagerAreRead() {
        ClusterNetwork read = ClusterNetwork.of(ClusterInfo.newBuilder()
                .addServiceCidrs(bytes(10, 96, 0, 0, 12))
                .addServiceCidrs(bytes(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 112))
                .setServiceSubnet(net(bytes(10, 96, 0, 0), 12))
                .addPodSubnets(net(bytes(10, 244, 0, 0), 16))
                .setDns(DNS.newBuilder().setClusterDomain("corp.example.").setKubeIp(bytes(10, 96, 0, 10)))
                .setClusterDomain("cluster.local.")
                .build());

        assertThat(read.services()).containsExactly("10.96.0.0/12", "fd00:0:0:0:0:0:0:0/112");
        assertThat(read.pods()).containsExactly("10.244.0.0/16");
        assertThat(read.domain()).isEqualTo("corp.example.");
        assertThat(read.dns().orElseThrow().getHostAddress()).isEqualTo("10.96.0.10");
    }

    @Test
    void theDnsAddressOfAnOldManagerIsNoNetwork() {
        ClusterNetwork read = ClusterNetwork.of(ClusterInfo.newBuilder()
                .addServiceCidrs(bytes(10, 96, 0, 10))
                .setServiceSubnet(net(bytes(10, 96, 0, 0), 16))
                .build());

        assertThat(read.services()).containsExactly("10.96.0.0/16");
        assertThat(ClusterNetwork.of(ClusterInfo.newBuilder()
                                .addServiceCidrs(bytes(10, 96, 0, 10))
                                .build())
                        .isUnknown())
                .isTrue();
    }

    @Property
    void whateverIsToldIsReadOrLeftOut(@ForAll byte[] address, @ForAll int prefix) {
        ByteString bytes = ByteString.copyFrom(address);

        ClusterNetwork read = ClusterNetwork.of(ClusterInfo.newBuilder()
                .addServiceCidrs(bytes)
                .addPodSubnets(net(bytes, prefix))
                .setDns(DNS.newBuilder().setKubeIp(bytes))
                .build());

        boolean fits = (address.length == 4 && prefix >= 0 && prefix <= 32)
                || (address.length == 16 && prefix >= 0 && prefix <= 128);
        assertThat(read.pods()).hasSize(fits ? 1 : 0);
    }
}
