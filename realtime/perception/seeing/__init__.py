"""What a picture shows of a face: found, measured and put into the numbers of a Sight. Pictures are never kept."""
