package dev.telepath.manager.kubernetes;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.StandaloneWorkloads;
import dev.telepath.manager.workload.Workload;
import dev.telepath.manager.workload.WorkloadProvider;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import io.fabric8.kubernetes.api.model.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** The workloads of the cluster, and the agents that were started by hand beside them. Thread-safe. */
final class KubernetesWorkloads implements WorkloadProvider {
    private final ClusterView cluster;
    private final StandaloneWorkloads others;
    private final Sessions sessions;
    private final Offers offers;

    KubernetesWorkloads(ClusterView cluster, StandaloneWorkloads others, Sessions sessions, Offers offers) {
        this.cluster = cluster;
        this.others = others;
        this.sessions = sessions;
        this.offers = offers;
    }

    @Override
    public List<Workload> list(Principal caller, String namespace) {
        var all = new TreeMap<WorkloadKey, Workload>();
        others.list(caller, namespace).forEach(one -> all.put(one.key(), one));
        cluster.workloads(namespace).forEach(one -> all.put(one.key(), workload(caller, one)));
        return List.copyOf(all.values());
    }

    @Override
    public Optional<Workload> find(Principal caller, WorkloadKey key) {
        return cluster.workload(key).map(one -> workload(caller, one)).or(() -> others.find(caller, key));
    }

    @Override
    public List<WorkloadInfo.Kind> kinds() {
        var kinds = new ArrayList<>(
                List.of(WorkloadInfo.Kind.DEPLOYMENT, WorkloadInfo.Kind.REPLICASET, WorkloadInfo.Kind.STATEFULSET));
        if (cluster.rollouts()) {
            kinds.add(WorkloadInfo.Kind.ROLLOUT);
        }
        return kinds;
    }

    @Override
    public List<Changes> changes() {
        return List.of(cluster.changes(), sessions.changes(), offers.changes());
    }

    private Workload workload(Principal caller, ClusterWorkload one) {
        List<AgentSession> agents = sessions.agents(caller, one.key());
        return new Workload(one.key(), one.wireKind(), agents, offers.ports(agents), one.state(), services(one));
    }

    private List<Workload.ServicePort> services(ClusterWorkload one) {
        var ports = new ArrayList<Workload.ServicePort>();
        for (Service service : cluster.services(one.key().namespace())) {
            if (!Injector.leads(service, one.labels())) {
                continue;
            }
            for (var port : service.getSpec().getPorts()) {
                var target = port.getTargetPort();
                Integer number = target == null
                        ? port.getPort()
                        : target.getStrVal() == null
                                ? target.getIntVal()
                                : one.containerPorts().get(target.getStrVal());
                if (number != null) {
                    ports.add(new Workload.ServicePort(
                            service.getMetadata().getName(),
                            service.getMetadata().getUid(),
                            port.getName() == null ? "" : port.getName(),
                            port.getPort(),
                            port.getProtocol() == null ? "TCP" : port.getProtocol(),
                            number));
                }
            }
        }
        return List.copyOf(ports);
    }
}
