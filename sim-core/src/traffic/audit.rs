//! What must hold of services at every instant.

use super::{NONE, Services, at_once};
use crate::table::{Id, PodId};
use crate::world::World;

/// Loads of endpoints sum to the rate, endpoints stand where their places say, and what was offered was served or failed.
pub(super) fn audit(services: &Services, world: &World<'_>) -> Result<(), String> {
    if !services.begun {
        return Ok(());
    }
    loads_sum_to_the_rate(services)?;
    endpoints_stand_at_their_places(services)?;
    nothing_is_lost(services)?;
    ready_pods_are_endpoints(services, world)
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * (1.0 + left.abs())
}

fn loads_sum_to_the_rate(services: &Services) -> Result<(), String> {
    for (number, service) in services.rows.iter().enumerate().filter(|(_, service)| !service.endpoints.is_empty()) {
        let flows = service.endpoints.iter().map(|endpoint| endpoint.flow);
        let sum: f64 = flows.map(|flow| flow.served + flow.dead + flow.saturated).sum();
        if !close(service.rate, sum) {
            return Err(format!("service {number} gets {} requests a second, its endpoints {sum}", service.rate));
        }
    }
    Ok(())
}

fn endpoints_stand_at_their_places(services: &Services) -> Result<(), String> {
    let listed: usize = services.rows.iter().map(|service| service.endpoints.len()).sum();
    let placed = services.places.iter().filter(|place| place.service != NONE).count();
    let right = |pod: PodId, service: usize, at: usize| {
        let place = services.place(pod);
        (place.service as usize, place.at as usize) == (service, at)
    };
    for (service, row) in services.rows.iter().enumerate() {
        if let Some((at, endpoint)) = row.endpoints.iter().enumerate().find(|(at, endpoint)| !right(endpoint.pod, service, *at)) {
            return Err(format!("Pod row {} is not at place {at} of service {service}", endpoint.pod.index()));
        }
    }
    if listed == placed { Ok(()) } else { Err(format!("{placed} Pods are endpoints, {listed} are listed")) }
}

fn nothing_is_lost(services: &Services) -> Result<(), String> {
    for sums in &services.sums {
        if !close(sums.offered, sums.served + sums.failed()) {
            return Err(format!(
                "{}: {} requests were offered, {} served and {} failed",
                sums.name,
                sums.offered,
                sums.served,
                sums.failed()
            ));
        }
    }
    Ok(())
}

/// Where changes are heard of at once, endpoints are the Ready Pods whose deletion has not begun.
fn ready_pods_are_endpoints(services: &Services, world: &World<'_>) -> Result<(), String> {
    for (pod, row) in world.pods.iter() {
        let Some(service) = services.service_of(world, pod) else { continue };
        let law = &world.spec.traffic[services.rows[service as usize].traffic].propagation;
        if at_once(law) && (services.place(pod).service != NONE) != (row.ready && !row.terminating) {
            return Err(format!("Pod row {} is an endpoint without being Ready, or Ready without being one", pod.index()));
        }
    }
    Ok(())
}
