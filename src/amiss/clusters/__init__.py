"""Clusters: where the partitions of data too large for memory are scored, one a file."""

from amiss.clusters.base import Cluster, Failure, Work
from amiss.clusters.local import LocalCluster
from amiss.clusters.scoring import score_batches
from amiss.clusters.spark.cluster import SparkCluster

__all__ = ["Cluster", "Failure", "LocalCluster", "SparkCluster", "Work", "score_batches"]
